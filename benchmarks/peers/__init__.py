"""The other side of each comparison, a file for each library; each imports its library inside functions only."""
