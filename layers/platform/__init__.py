"""The application: every instance of it, from the line of images that the environment names."""
