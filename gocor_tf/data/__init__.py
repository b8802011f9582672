"""Images, flow files, and synthetic training pairs."""
