"""The page on which a digit is written and all ten are seen, and what hands it out."""
