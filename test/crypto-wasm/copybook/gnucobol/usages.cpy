      *> Every usage that GnuCOBOL stores as others do, and pictures of
      *> every form. Read by usages.cob and by the codec.
       01  USAGES.
           05  WHICH            PIC X(8).
           05  DISPLAYS.
               10  D-U1         PIC 9.
               10  D-U18        PIC 9(18).
               10  D-S1         PIC S9.
               10  D-S18        PIC S9(18).
               10  D-V          PIC S9(5)V99.
               10  D-LEAD       PIC S9(7)V9(3) SIGN LEADING.
               10  D-TRAIL      PIC S9(7) SIGN IS TRAILING.
               10  D-LEADSEP    PIC S9(7)V9 SIGN LEADING SEPARATE.
               10  D-TRAILSEP   PIC S9(7)V9
                                SIGN TRAILING SEPARATE CHARACTER.
               10  D-P          PIC S9(3)PP.
               10  D-VP         PIC SVPP9(3).
               10  D-BLANK      PIC 9(5) BLANK WHEN ZERO.
           05  BINARIES.
               10  B-S3         PIC S9(3) COMP.
               10  B-U4         PIC 9(4) COMP.
               10  B-S5         PIC S9(5) COMP-4.
               10  B-U9         PIC 9(9) BINARY.
               10  B-S9         PIC S9(7)V99 COMP.
               10  B-S10        PIC S9(10) COMP.
               10  B-U18        PIC 9(18) COMP.
               10  B-S18        PIC S9(14)V9(4) BINARY.
               10  B-P          PIC S9(4)PPP COMP.
           05  NATIVES.
               10  N-S4         PIC S9(4) COMP-5.
               10  N-U4         PIC 9(4) COMP-5.
               10  N-S9         PIC S9(9) COMP-5.
               10  N-U9         PIC 9(7)V99 COMP-5.
               10  N-S18        PIC S9(18) COMP-5.
               10  N-U18        PIC 9(18) COMP-5.
               10  X-U2         PIC 9(2) COMP-X.
               10  X-U5         PIC 9(5) COMP-X.
               10  X-S5         PIC S9(5) COMP-X.
               10  X-U9         PIC 9(9) COMP-X.
               10  X-U10        PIC 9(10) COMP-X.
               10  X-U18        PIC 9(18) COMP-X.
           05  PACKED.
               10  P-S1         PIC S9 COMP-3.
               10  P-S2         PIC S9(2) COMP-3.
               10  P-U5         PIC 9(5) COMP-3.
               10  P-U6         PIC 9(6) COMP-3.
               10  P-S9         PIC S9(7)V99 PACKED-DECIMAL.
               10  P-S17        PIC S9(17) COMP-3.
               10  P-S18        PIC S9(9)V9(9) COMP-3.
               10  P-P          PIC S9(3)PP COMP-3.
               10  P-VP         PIC SVPP9(4) COMP-3.
               10  C-1          PIC 9 COMP-6.
               10  C-4          PIC 9(4) COMP-6.
               10  C-7          PIC 9(5)V99 COMP-6.
               10  C-18         PIC 9(18) COMP-6.
           05  FLOATS.
               10  F-1          COMP-1.
               10  F-2          COMP-2.
           05  EDITED.
               10  E-Z          PIC Z(6)9.99.
               10  E-ZZ         PIC ZZZZ.
               10  E-COMMA      PIC Z,ZZZ,ZZ9.99CR.
               10  E-STAR       PIC *(5)9.99DB.
               10  E-DOLLAR     PIC $$,$$$,$$9.99.
               10  E-FIXED      PIC $ZZ,ZZ9.99-.
               10  E-PLUS       PIC +(6)9.9.
               10  E-MINUS      PIC -(7)9.99.
               10  E-LAST       PIC 9(5).9(3)+.
               10  E-FIRST      PIC -9(4).
               10  E-SLASH      PIC 99/99/9999.
               10  E-B          PIC 9(3)B9(3)B99.
               10  E-0          PIC 9(3)009.
               10  E-BLANK      PIC ZZ,ZZ9.99 BLANK WHEN ZERO.
               10  E-NOINT      PIC .99.
               10  E-STARS      PIC ****.**.
               10  E-FLOAT      PIC $(4).$$.
           05  TEXTS.
               10  T-X          PIC X(7).
               10  T-A          PIC A(5).
               10  T-J          PIC X(7) JUSTIFIED RIGHT.
               10  T-E          PIC XXBXX/X0X.
           05  MONTH            PIC S9(3)V9 COMP-3 OCCURS 4.
           05  AREA-N           PIC S9(9) SIGN LEADING SEPARATE.
           05  AREA-X REDEFINES AREA-N.
               10  AREA-SIGN    PIC X.
               10  AREA-DIGITS  PIC 9(9).
