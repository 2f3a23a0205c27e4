module server

go 1.20
