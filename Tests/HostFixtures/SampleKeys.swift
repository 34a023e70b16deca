/// Keys that gpg made, with what gpg says of them.
package enum SampleKeys {
    /// Ed25519, made on 2025-06-01, never expires.
    package static let lasting = """
        -----BEGIN PGP PUBLIC KEY BLOCK-----

        mDMEaDuYABYJKwYBBAHaRw8BAQdAXR3spV/ifizvh7+wC7bjprIUC8U5QbnoBNE9
        Aq4ANZm0DWdvb2QgdGVzdCBrZXmIkAQTFggAOBYhBFuDbiXeSZ8OU88Dd0kbGfVJ
        iuwBBQJoO5gAAhsDBQsJCAcCBhUKCQgLAgQWAgMBAh4BAheAAAoJEEkbGfVJiuwB
        tQQA/i/1vEU8925/2D3DywwTkDRE1mWD+JJZVcur8egaEorzAPsGQAoc9DLXA0zq
        WIGA13b+no0cDJT2SfOmoiu4XLBjAg==
        =lz0z
        -----END PGP PUBLIC KEY BLOCK-----
        """
    package static let lastingFingerprint = "5B836E25DE499F0E53CF0377491B19F5498AEC01"

    /// Ed25519, expired on 2025-06-02.
    package static let expired = """
        -----BEGIN PGP PUBLIC KEY BLOCK-----

        mDMEaDuYABYJKwYBBAHaRw8BAQdAz2cEK+fHqpwyS/Nlkww+NhS3tu87UPLOzby6
        +UxJwG60DmJyaWVmIHRlc3Qga2V5iJYEExYIAD4WIQTGEYpgsVzOg3e+M84Qknqy
        x1v92gUCaDuYAAIbAwUJAAFRgAULCQgHAgYVCgkICwIEFgIDAQIeAQIXgAAKCRAQ
        knqyx1v92mxLAQC+Ty6/F9tX3q9b4zW5ypaY6Kj7ILwyl+zwY75rAl9E/AD/URJ4
        +j70AOLSUJRXOwcWZJzN8mf/uR/enjuZ/vXj1Q8=
        =FLBN
        -----END PGP PUBLIC KEY BLOCK-----
        """
    package static let expiredFingerprint = "C6118A60B15CCE8377BE33CE10927AB2C75BFDDA"

    /// RSA of 2048 bits, expires on 2027-06-01.
    package static let rsa = """
        -----BEGIN PGP PUBLIC KEY BLOCK-----

        mQENBGg7mAABCADV1Qv1z6WeX860ZtAq02TyqL4gGdZfoO4k7oxn6yHTRferdins
        l1CXfqJ4MOJmYPva1QoCvg6eH2wvNZXesVsGbnquQOnN8g12nDc/i6jGxsU5lRby
        Qp/MRb7MjltJuP3CcGuAU2xWGKBdEEoKDlNP1p5uDG70+dJQz7sTS7tNH8b40wJW
        KKeMgvEYbd5XfcA6sv9L/93iZgOWtoJ1iONYr22l2ei9u032+UvwwWvxN/u1biwR
        ebY6/FDN59Zr562AdI07+jzm+qZj048jTMCPvJNkAMtwCotY27JN/oFzPfPJFZWi
        yhsDpTZaYAuQl7wqXlL7a4/a9kkZSRYeHCiDABEBAAG0DHJzYSB0ZXN0IGtleYkB
        VAQTAQoAPhYhBE2xTnFwOfvb/9GgB/OL4uCNM1K0BQJoO5gAAhsDBQkDwmcABQsJ
        CAcCBhUKCQgLAgQWAgMBAh4BAheAAAoJEPOL4uCNM1K0fHkIAMulpw7ItDVl3Szd
        NwuD86fNOAMq9qR/o95j9m2mPHRL/nWwGYSoN/8hS43YcV/HEfk9QiGBSOLXsw7R
        k5luMd39srs/irYnwC+poqRZCaVho/xuYPdgyQ1WElrvupnwwl3XQtbheY/YyXbz
        uj1JXzsydmz1bj8JgCXGDGhNSuzw9s6+nfbw+sXqfE7nXBOFiin0tDUHGQGuj6rG
        q5R6BFNj3UkToJGD70Iud9FNwi6eWFInvWXo8JB5FZAaD6NIAwaWw3CPpXHS8m87
        dhqY2pQLfY3xwUXT6epZhrQu/pr5zIee+EBDJZkaqi2CAEtPQE4gr9DK1Y+Y7cDd
        pln/MHY=
        =MeUO
        -----END PGP PUBLIC KEY BLOCK-----
        """
    package static let rsaFingerprint = "4DB14E717039FBDBFFD1A007F38BE2E08D3352B4"
}
