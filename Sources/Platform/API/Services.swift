package import CoreTypes
package import Logging

/// What the API works with; composed once by the program, and by each test.
package struct Services: Sendable {
    package let store: any ResultStore
    package let queue: any JobQueue
    package let data: DataFolder
    package let slot: Slot?
    package let tokens: AccessTokens
    package let passwords: PasswordHasher
    package let setupToken: Secret
    package let administratorPassword: Secret
    package var largestUpload: Int64 = 500 << 20
    package var limits = TimeLimits.standard
    package let time: WallClock
    package let clock: any Clock<Duration>
    package let logger: Logger

    package init(
        store: any ResultStore, queue: any JobQueue, data: DataFolder, slot: Slot?, tokens: AccessTokens,
        passwords: PasswordHasher, setupToken: Secret, administratorPassword: Secret, time: WallClock,
        clock: any Clock<Duration>, logger: Logger
    ) {
        self.store = store
        self.queue = queue
        self.data = data
        self.slot = slot
        self.tokens = tokens
        self.passwords = passwords
        self.setupToken = setupToken
        self.administratorPassword = administratorPassword
        self.time = time
        self.clock = clock
        self.logger = logger
    }
}
