"""Labelled images: their form, their files, where they come from, and batches of them."""
