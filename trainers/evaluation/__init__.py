"""What `gocor-evaluate` does: methods, protocols, scores and reports."""
