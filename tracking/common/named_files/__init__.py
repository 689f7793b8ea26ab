"""Files found by name: in this program, beside a sweep file, in installed packages."""
