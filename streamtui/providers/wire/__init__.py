"""The formats that endpoints speak."""
