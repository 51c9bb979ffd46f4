module magpie/peer

go 1.18
