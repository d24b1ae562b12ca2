      *> Tables that are as long as they count, with storage behind.
       01  ORDERS.
           05  ORDER-COUNT      PIC 9(2).
           05  CUSTOMER         PIC X(6).
           05  ORDER-LINE OCCURS 0 TO 10 DEPENDING ON ORDER-COUNT.
               10  ORDER-ID     PIC 9(4) COMP.
               10  AMOUNT       PIC S9(5)V99 COMP-3.
               10  PART         PIC X(2) OCCURS 2.
           05  NOTE-COUNT       PIC S9(4) COMP.
           05  NOTE             PIC X(3) OCCURS 1 TO 4
                                DEPENDING ON NOTE-COUNT.
           05  CHECK-SUM        PIC S9(9).
