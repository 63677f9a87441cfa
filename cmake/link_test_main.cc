// The link test of a module: its whole archive is linked with nothing but the dependencies it
// declares, so a missing one is an unresolved symbol.
int main() { return 0; }
