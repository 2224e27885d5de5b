"""From files of records to token ids and loss masks: shapes, row readers, validation, tokenising."""
