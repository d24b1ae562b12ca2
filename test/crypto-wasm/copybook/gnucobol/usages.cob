      *> Writes records of every usage with the values that matter, or
      *> reads such records, and says in either case which values they
      *> hold: NAME=VALUE, texts between brackets, one record behind the
      *> other. Argument: write or read; the file is USAGES.DAT.
      *> COMPUTE where MOVE takes the sign of a packed number with P for
      *> a digit. E-STAR and E-0 are not shown: MOVE does not see that DB
      *> is a sign and that inserted zeros are no digits. Values that are
      *> cut for an edited picture have no zeros behind the cut: GnuCOBOL
      *> would not suppress them.
       IDENTIFICATION DIVISION.
       PROGRAM-ID. USAGES-PROGRAM.
       ENVIRONMENT DIVISION.
       INPUT-OUTPUT SECTION.
       FILE-CONTROL.
           SELECT USAGES-FILE ASSIGN TO "USAGES.DAT"
               ORGANIZATION IS SEQUENTIAL.
       DATA DIVISION.
       FILE SECTION.
       FD  USAGES-FILE.
       COPY "usages.cpy".
       WORKING-STORAGE SECTION.
       01  WHAT-TO-DO           PIC X(8).
       01  SHOWN                PIC S9(20)V9(9)
                                SIGN LEADING SEPARATE.
       01  GIVEN                PIC S9(20)V9(9).
       01  ALL-NINES            PIC 9(20)V9(9).
       01  NINES-TEXT REDEFINES ALL-NINES PIC X(29).
       01  GIVEN-FLOAT          PIC S9(9)V9(9).
       01  GIVEN-TEXT           PIC X(7).
       01  ENDED                PIC 9 VALUE 0.
       01  I                    PIC 99.
       PROCEDURE DIVISION.
       MAIN-PARAGRAPH.
           MOVE ALL "9" TO NINES-TEXT.
           ACCEPT WHAT-TO-DO FROM COMMAND-LINE.
           IF WHAT-TO-DO = "write"
               OPEN OUTPUT USAGES-FILE
               PERFORM WRITE-ALL
           ELSE
               OPEN INPUT USAGES-FILE
               PERFORM READ-ONE UNTIL ENDED = 1
           END-IF.
           CLOSE USAGES-FILE.
           STOP RUN.
       READ-ONE.
           READ USAGES-FILE AT END MOVE 1 TO ENDED.
           IF ENDED = 0 PERFORM SHOW-ALL.
       WRITE-ALL.
           MOVE "zero" TO WHICH.
           MOVE 0 TO GIVEN GIVEN-FLOAT.
           MOVE SPACES TO GIVEN-TEXT.
           PERFORM WRITE-ONE.
           MOVE "one" TO WHICH.
           MOVE 1 TO GIVEN GIVEN-FLOAT.
           MOVE "a" TO GIVEN-TEXT.
           PERFORM WRITE-ONE.
           MOVE "minus" TO WHICH.
           MOVE -1 TO GIVEN GIVEN-FLOAT.
           MOVE "AbCdE" TO GIVEN-TEXT.
           PERFORM WRITE-ONE.
           MOVE "places" TO WHICH.
           MOVE 12345678912345678.123456789 TO GIVEN.
           MOVE 0.109375 TO GIVEN-FLOAT.
           MOVE "ABCDEFG" TO GIVEN-TEXT.
           PERFORM WRITE-ONE.
           MOVE "small" TO WHICH.
           MOVE -0.00101 TO GIVEN.
           MOVE -0.5 TO GIVEN-FLOAT.
           MOVE "  c" TO GIVEN-TEXT.
           PERFORM WRITE-ONE.
           MOVE "middle" TO WHICH.
           MOVE -450.07 TO GIVEN.
           MOVE -8388609.25 TO GIVEN-FLOAT.
           PERFORM WRITE-ONE.
           MOVE "most" TO WHICH.
           MOVE ALL-NINES TO GIVEN.
           MOVE 16777215 TO GIVEN-FLOAT.
           PERFORM WRITE-ONE.
           MOVE "least" TO WHICH.
           SUBTRACT ALL-NINES FROM 0 GIVING GIVEN.
           MOVE -16777215 TO GIVEN-FLOAT.
           PERFORM WRITE-ONE.
       WRITE-ONE.
           MOVE GIVEN TO
               D-U1 D-U18 D-S1 D-S18 D-V D-LEAD D-TRAIL D-LEADSEP
               D-TRAILSEP D-P D-VP D-BLANK B-S3 B-U4 B-S5 B-U9 B-S9
               B-S10 B-U18 B-S18 B-P N-S4 N-U4 N-S9 N-U9 N-S18 N-U18
               X-U2 X-U5 X-S5 X-U9 X-U10 X-U18 P-S1 P-S2 P-U5 P-U6
               P-S9 P-S17 P-S18 P-P P-VP C-1 C-4 C-7 C-18 E-Z E-ZZ
               E-COMMA E-STAR E-DOLLAR E-FIXED E-PLUS E-MINUS E-LAST
               E-FIRST E-SLASH E-B E-0 E-BLANK E-NOINT E-STARS E-FLOAT.
           MOVE GIVEN TO MONTH (1) MONTH (3).
           MOVE 0 TO MONTH (2).
           MOVE 12.5 TO MONTH (4).
           MOVE GIVEN TO AREA-N.
           MOVE GIVEN-FLOAT TO F-1 F-2.
           MOVE GIVEN-TEXT TO T-X T-A T-J T-E.
           PERFORM SHOW-ALL.
           WRITE USAGES.
       SHOW-ALL.
           DISPLAY "WHICH=[" WHICH "]".
           MOVE D-U1 TO SHOWN.
           DISPLAY "D-U1=" SHOWN.
           MOVE D-U18 TO SHOWN.
           DISPLAY "D-U18=" SHOWN.
           MOVE D-S1 TO SHOWN.
           DISPLAY "D-S1=" SHOWN.
           MOVE D-S18 TO SHOWN.
           DISPLAY "D-S18=" SHOWN.
           MOVE D-V TO SHOWN.
           DISPLAY "D-V=" SHOWN.
           MOVE D-LEAD TO SHOWN.
           DISPLAY "D-LEAD=" SHOWN.
           MOVE D-TRAIL TO SHOWN.
           DISPLAY "D-TRAIL=" SHOWN.
           MOVE D-LEADSEP TO SHOWN.
           DISPLAY "D-LEADSEP=" SHOWN.
           MOVE D-TRAILSEP TO SHOWN.
           DISPLAY "D-TRAILSEP=" SHOWN.
           MOVE D-P TO SHOWN.
           DISPLAY "D-P=" SHOWN.
           MOVE D-VP TO SHOWN.
           DISPLAY "D-VP=" SHOWN.
           MOVE D-BLANK TO SHOWN.
           DISPLAY "D-BLANK=" SHOWN.
           MOVE B-S3 TO SHOWN.
           DISPLAY "B-S3=" SHOWN.
           MOVE B-U4 TO SHOWN.
           DISPLAY "B-U4=" SHOWN.
           MOVE B-S5 TO SHOWN.
           DISPLAY "B-S5=" SHOWN.
           MOVE B-U9 TO SHOWN.
           DISPLAY "B-U9=" SHOWN.
           MOVE B-S9 TO SHOWN.
           DISPLAY "B-S9=" SHOWN.
           MOVE B-S10 TO SHOWN.
           DISPLAY "B-S10=" SHOWN.
           MOVE B-U18 TO SHOWN.
           DISPLAY "B-U18=" SHOWN.
           MOVE B-S18 TO SHOWN.
           DISPLAY "B-S18=" SHOWN.
           MOVE B-P TO SHOWN.
           DISPLAY "B-P=" SHOWN.
           MOVE N-S4 TO SHOWN.
           DISPLAY "N-S4=" SHOWN.
           MOVE N-U4 TO SHOWN.
           DISPLAY "N-U4=" SHOWN.
           MOVE N-S9 TO SHOWN.
           DISPLAY "N-S9=" SHOWN.
           MOVE N-U9 TO SHOWN.
           DISPLAY "N-U9=" SHOWN.
           MOVE N-S18 TO SHOWN.
           DISPLAY "N-S18=" SHOWN.
           MOVE N-U18 TO SHOWN.
           DISPLAY "N-U18=" SHOWN.
           MOVE X-U2 TO SHOWN.
           DISPLAY "X-U2=" SHOWN.
           MOVE X-U5 TO SHOWN.
           DISPLAY "X-U5=" SHOWN.
           MOVE X-S5 TO SHOWN.
           DISPLAY "X-S5=" SHOWN.
           MOVE X-U9 TO SHOWN.
           DISPLAY "X-U9=" SHOWN.
           MOVE X-U10 TO SHOWN.
           DISPLAY "X-U10=" SHOWN.
           MOVE X-U18 TO SHOWN.
           DISPLAY "X-U18=" SHOWN.
           MOVE P-S1 TO SHOWN.
           DISPLAY "P-S1=" SHOWN.
           MOVE P-S2 TO SHOWN.
           DISPLAY "P-S2=" SHOWN.
           MOVE P-U5 TO SHOWN.
           DISPLAY "P-U5=" SHOWN.
           MOVE P-U6 TO SHOWN.
           DISPLAY "P-U6=" SHOWN.
           MOVE P-S9 TO SHOWN.
           DISPLAY "P-S9=" SHOWN.
           MOVE P-S17 TO SHOWN.
           DISPLAY "P-S17=" SHOWN.
           MOVE P-S18 TO SHOWN.
           DISPLAY "P-S18=" SHOWN.
           COMPUTE SHOWN = P-P.
           DISPLAY "P-P=" SHOWN.
           COMPUTE SHOWN = P-VP.
           DISPLAY "P-VP=" SHOWN.
           MOVE C-1 TO SHOWN.
           DISPLAY "C-1=" SHOWN.
           MOVE C-4 TO SHOWN.
           DISPLAY "C-4=" SHOWN.
           MOVE C-7 TO SHOWN.
           DISPLAY "C-7=" SHOWN.
           MOVE C-18 TO SHOWN.
           DISPLAY "C-18=" SHOWN.
           MOVE E-Z TO SHOWN.
           DISPLAY "E-Z=" SHOWN.
           MOVE E-ZZ TO SHOWN.
           DISPLAY "E-ZZ=" SHOWN.
           MOVE E-COMMA TO SHOWN.
           DISPLAY "E-COMMA=" SHOWN.
           MOVE E-DOLLAR TO SHOWN.
           DISPLAY "E-DOLLAR=" SHOWN.
           MOVE E-FIXED TO SHOWN.
           DISPLAY "E-FIXED=" SHOWN.
           MOVE E-PLUS TO SHOWN.
           DISPLAY "E-PLUS=" SHOWN.
           MOVE E-MINUS TO SHOWN.
           DISPLAY "E-MINUS=" SHOWN.
           MOVE E-LAST TO SHOWN.
           DISPLAY "E-LAST=" SHOWN.
           MOVE E-FIRST TO SHOWN.
           DISPLAY "E-FIRST=" SHOWN.
           MOVE E-SLASH TO SHOWN.
           DISPLAY "E-SLASH=" SHOWN.
           MOVE E-B TO SHOWN.
           DISPLAY "E-B=" SHOWN.
           MOVE E-BLANK TO SHOWN.
           DISPLAY "E-BLANK=" SHOWN.
           MOVE E-NOINT TO SHOWN.
           DISPLAY "E-NOINT=" SHOWN.
           MOVE E-STARS TO SHOWN.
           DISPLAY "E-STARS=" SHOWN.
           MOVE E-FLOAT TO SHOWN.
           DISPLAY "E-FLOAT=" SHOWN.
           MOVE F-1 TO SHOWN.
           DISPLAY "F-1=" SHOWN.
           MOVE F-2 TO SHOWN.
           DISPLAY "F-2=" SHOWN.
           MOVE AREA-N TO SHOWN.
           DISPLAY "AREA-N=" SHOWN.
           MOVE AREA-DIGITS TO SHOWN.
           DISPLAY "AREA-DIGITS=" SHOWN.
           PERFORM VARYING I FROM 1 BY 1 UNTIL I > 4
               MOVE MONTH (I) TO SHOWN
               DISPLAY "MONTH=" SHOWN
           END-PERFORM.
           DISPLAY "T-X=[" T-X "]".
           DISPLAY "T-A=[" T-A "]".
           DISPLAY "T-J=[" T-J "]".
           DISPLAY "T-E=[" T-E "]".
           DISPLAY "AREA-SIGN=[" AREA-SIGN "]".
