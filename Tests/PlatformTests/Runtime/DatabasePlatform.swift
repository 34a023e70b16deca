import CoreTypes
import Foundation

@testable import Platform

/// The platform's programs on MongoDB's protocol and Redis, each a process of its own that a test may kill.
final class DatabasePlatform: LivePlatform {
    let mongo: ServerProcess
    let redis: ServerProcess

    init(_ environment: [String: String] = [:]) async throws {
        let folder = try ScratchFolder()
        for name in ["mongo", "redis"] {
            try FileManager.default.createDirectory(atPath: "\(folder.path)/\(name)", withIntermediateDirectories: true)
        }
        let (mongo, mongoURL) = try await MongoServer.start(in: folder.path + "/mongo")
        let (redis, redisURL) = try await RedisServer.start(in: folder.path + "/redis")
        self.mongo = mongo
        self.redis = redis
        try super.init(
            in: folder, queue: RedisQueue(redisURL), ["MONGO_URL": mongoURL.reveal(), "REDIS_URL": redisURL.reveal()],
            environment.merging(["CSPM_STORE": "mongodb", "CSPM_QUEUE": "redis"], uniquingKeysWith: { $1 }))
    }
}
