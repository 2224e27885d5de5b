"""How good a text is as training material: signals, limits, one score, reasons. Relevance to a query never enters."""
