"""The explorer's pages, one file each; `explorer.pages()` finds them."""
