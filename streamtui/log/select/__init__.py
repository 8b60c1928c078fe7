"""What is selected or searched for: cells to text, text to the clipboard. No widget."""
