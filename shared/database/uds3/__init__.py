"""What the UDS3 client is made of: asking stores, fusing their lists, feeding them, comparing them with the truth."""
