"""What a run learns from and how its loss is made: supervised answers, or preferences."""
