"""Pure views of the folded mesh: what the device, a person or a script should see."""
