"""What a sweep file says of its curves and heat maps."""
