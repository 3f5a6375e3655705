//! The port that hands mail to the next hop, its contract suite, and a transport that keeps mail in memory.
