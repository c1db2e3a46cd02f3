"""The posts and the configuration that `tgstance demo` works on."""
