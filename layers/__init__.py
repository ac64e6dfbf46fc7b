"""What the Sprocket platform is made of: the layers, and the settings that environments differ in."""
