"""What a finished dataset is told to be: measured on its records, drawn, and written as a report and a data card."""
