"""What a launch does with its store before and after the run: claims work, keeps sources, reads what was recorded."""
