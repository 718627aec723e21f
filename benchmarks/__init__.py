"""Speed and quality, each with a proof that its answer is right before a figure is printed."""
