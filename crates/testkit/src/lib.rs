//! For tests of mail: a loopback DNS server, a scripted receiver, a virtual clock and a Mailer in memory.
