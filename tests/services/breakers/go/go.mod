module faultline.test/breakers

go 1.23.0

require github.com/sony/gobreaker/v2 v2.4.0
