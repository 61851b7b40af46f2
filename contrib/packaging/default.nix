# Not built here: there is no nix. From a checkout: nix-build contrib/packaging
# As the system's sendmail on NixOS: services.mail.sendmailSetuidWrapper with source = "${mysend}/bin/mysend" and setuid = false.
{ pkgs ? import <nixpkgs> { } }:

pkgs.stdenv.mkDerivation {
  pname = "mysend";
  version = "0.1";
  src = pkgs.lib.cleanSource ../..;

  nativeBuildInputs = [ pkgs.autoreconfHook pkgs.pkg-config ];
  buildInputs = [ pkgs.curl pkgs.file pkgs.jansson ];
  checkInputs = [ pkgs.cmocka ];
  doCheck = true;

  # A library that is opened by name would not be found in the store: all are linked.
  configureFlags = [ "--disable-dlopen" "--sysconfdir=/etc" "--localstatedir=/var" ];
  # make install puts nothing into /etc or /var.
  postInstall = "make install-units";

  meta = {
    description = "Hands mail to a relay, or keeps it safe until that works";
    license = pkgs.lib.licenses.mit;
    mainProgram = "mysend";
    platforms = pkgs.lib.platforms.unix;
  };
}
