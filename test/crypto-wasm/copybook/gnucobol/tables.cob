      *> Writes records of tables that are as long as they count, or
      *> reads and shows them. Argument: write or read; the file is
      *> TABLES.DAT, its record words are those of COB_VARSEQ_FORMAT.
       IDENTIFICATION DIVISION.
       PROGRAM-ID. TABLES-PROGRAM.
       ENVIRONMENT DIVISION.
       INPUT-OUTPUT SECTION.
       FILE-CONTROL.
           SELECT TABLES-FILE ASSIGN TO "TABLES.DAT"
               ORGANIZATION IS SEQUENTIAL.
       DATA DIVISION.
       FILE SECTION.
       FD  TABLES-FILE
           RECORD IS VARYING FROM 1 TO 300 DEPENDING ON RECORD-LENGTH.
       01  FILE-RECORD          PIC X(300).
       WORKING-STORAGE SECTION.
       01  WHAT-TO-DO           PIC X(8).
       01  RECORD-LENGTH        PIC 9(4) COMP-5.
       01  ENDED                PIC 9 VALUE 0.
       01  I                    PIC 99.
       01  K                    PIC 9.
       01  SHOWN                PIC S9(9)V99 SIGN LEADING SEPARATE.
       01  ORDERS-TEXT          PIC X(300).
       LINKAGE SECTION.
      *> Lies over ORDERS-TEXT, as what slides cannot redefine.
       COPY "tables.cpy".
       PROCEDURE DIVISION.
       MAIN-PARAGRAPH.
           SET ADDRESS OF ORDERS TO ADDRESS OF ORDERS-TEXT.
           ACCEPT WHAT-TO-DO FROM COMMAND-LINE.
           IF WHAT-TO-DO = "write"
               OPEN OUTPUT TABLES-FILE
               MOVE 0 TO ORDER-COUNT
               PERFORM WRITE-ONE 11 TIMES
           ELSE
               OPEN INPUT TABLES-FILE
               PERFORM READ-ONE UNTIL ENDED = 1
           END-IF.
           CLOSE TABLES-FILE.
           STOP RUN.
       WRITE-ONE.
           MOVE "CUST" TO CUSTOMER.
           PERFORM VARYING I FROM 1 BY 1 UNTIL I > ORDER-COUNT
               COMPUTE ORDER-ID (I) = 999 * I
               COMPUTE AMOUNT (I) = (5 - I) * 12345.67 / I
               MOVE "AB" TO PART (I 1)
               MOVE I TO PART (I 2)
           END-PERFORM.
           DIVIDE ORDER-COUNT BY 4 GIVING NOTE-COUNT
               REMAINDER NOTE-COUNT.
           ADD 1 TO NOTE-COUNT.
           PERFORM VARYING K FROM 1 BY 1 UNTIL K > NOTE-COUNT
               MOVE K TO NOTE (K)
           END-PERFORM.
           COMPUTE CHECK-SUM = 1000 - ORDER-COUNT * 300.
           PERFORM SHOW-ALL.
           MOVE LENGTH OF ORDERS TO RECORD-LENGTH.
           MOVE ORDERS-TEXT TO FILE-RECORD.
           WRITE FILE-RECORD.
           ADD 1 TO ORDER-COUNT.
       READ-ONE.
           READ TABLES-FILE AT END MOVE 1 TO ENDED.
           IF ENDED = 0
               MOVE FILE-RECORD TO ORDERS-TEXT
               PERFORM SHOW-ALL
           END-IF.
       SHOW-ALL.
           DISPLAY "ORDER-COUNT=" ORDER-COUNT.
           DISPLAY "CUSTOMER=[" CUSTOMER "]".
           PERFORM VARYING I FROM 1 BY 1 UNTIL I > ORDER-COUNT
               MOVE ORDER-ID (I) TO SHOWN
               DISPLAY "ORDER-ID=" SHOWN
               MOVE AMOUNT (I) TO SHOWN
               DISPLAY "AMOUNT=" SHOWN
               DISPLAY "PART=[" PART (I 1) "]"
               DISPLAY "PART=[" PART (I 2) "]"
           END-PERFORM.
           MOVE NOTE-COUNT TO SHOWN.
           DISPLAY "NOTE-COUNT=" SHOWN.
           PERFORM VARYING K FROM 1 BY 1 UNTIL K > NOTE-COUNT
               DISPLAY "NOTE=[" NOTE (K) "]"
           END-PERFORM.
           MOVE CHECK-SUM TO SHOWN.
           DISPLAY "CHECK-SUM=" SHOWN.
