"""Pictures, drawn with matplotlib on figures of their own, so that no global state and no display is involved."""
