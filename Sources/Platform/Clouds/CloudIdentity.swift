import FoundationEssentials
import SystemPackage

/// Whose credentials some are, as the provider says, or what is wrong with them.
struct CloudIdentity {
    var account: String?
    var arn: String?
    /// A sentence; `nil`: the provider knows who it is.
    var problem: String?

    private struct Answer: Decodable {
        let account: String?
        let arn: String?
        let problem: String?
    }

    /// AWS is asked by the library and the way that Prowler asks it: what this says, the scan will meet.
    private static let question = """
        from json import dumps
        try:
            from boto3 import client
            from botocore.config import Config
            patience = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2})
            who = client("sts", config=patience).get_caller_identity()
            answer = {"account": who["Account"], "arn": who["Arn"]}
        except Exception as error:
            code = (getattr(error, "response", None) or {}).get("Error", {}).get("Code")
            answer = {"problem": str(code or type(error).__name__)}
        print(dumps(answer))
        """

    /// Blocks its thread for at most a minute.
    static func ask(
        _ prowler: Prowler, _ credentials: CloudCredentials, region: String, clock: any Clock<Duration>,
        isCancelled: () -> Bool
    ) throws -> CloudIdentity {
        let program = ChildProgram(
            arguments: [prowler.interpreter.string, "-I", "-c", question],
            environment: prowler.environment(credentials, region: region, folder: "/"), folder: "/",
            timeLimit: .seconds(60), clock: clock)
        let outcome: ChildProgram.Outcome
        do { outcome = try program.run(isCancelled: isCancelled) } catch is Errno {
            return CloudIdentity(problem: Prowler.missing)
        }
        if outcome.end == .tooLong { return CloudIdentity(problem: "AWS did not answer within a minute") }
        guard outcome.end == .exited(0),
            let answer = try? JSONDecoder().decode(Answer.self, from: Data(outcome.output))
        else { return CloudIdentity(problem: "AWS could not be asked: Prowler's Python does not work here") }
        guard let account = answer.account, let arn = answer.arn else {
            return CloudIdentity(problem: sentence(answer.problem ?? "", region))
        }
        return CloudIdentity(
            account: ProwlerFinding.shown(account, atMost: 64), arn: ProwlerFinding.shown(arn, atMost: 2048))
    }

    /// By the codes of AWS's STS, and the names of botocore's exceptions.
    private static func sentence(_ code: String, _ region: String) -> String {
        switch code {
        case "InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId":
            "AWS does not know this access key, or its session token is missing"
        case "SignatureDoesNotMatch": "the secret access key does not belong to the access key"
        case "ExpiredToken", "ExpiredTokenException", "RequestExpired": "the session token has expired"
        case "AccessDenied", "AccessDeniedException": "AWS refuses these credentials"
        case "EndpointConnectionError", "ConnectTimeoutError", "ReadTimeoutError", "ConnectionClosedError":
            "AWS cannot be reached from here in the region \(region)"
        case "SSLError", "ProxyConnectionError": "the way to AWS does not work (\(code))"
        default: "AWS answered \(ProwlerFinding.shown(code, atMost: 80))"
        }
    }
}
