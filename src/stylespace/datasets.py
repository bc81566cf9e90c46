"""Data sets of labelled images: named ones, and your own."""

from stylespace.data.catalog import names
from stylespace.data.images import LabelledImages
from stylespace.data.loading import load

__all__ = ["LabelledImages", "load", "names"]
