/// Secrets for tests, put together at run time: the sources of this repository contain none.
enum Planted {
    static let github = "ghp_" + "a8Kd02LmQxT7vB3nRz5Yc9WfEuHs1JpGi4Xo"
    static let aws = "AKIA" + "Z7QW3RT5YU2KLM4N"
    static let password = "Tr0ub" + "4dor&3x9"
    static let databaseURL = "postgres:" + "//app:" + "k7Hq2ZpLw9" + "@db/app"
    static var key: String {
        "-----BEGIN " + "PRIVATE KEY-----\n"
            + String(repeating: "MIIEvQIBADANBgkqhkiG9w0B" + "AQEFAASCBKcwggSj", count: 2)
            + "\n-----END PRIVATE KEY-----\n"
    }
}
