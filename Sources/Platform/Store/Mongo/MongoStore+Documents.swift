import Scanning

extension User {
    /// `nil` for a document that no version of this program wrote.
    init?(_ document: BSONDocument) {
        guard let id = document["id"]?.text, let name = document["name"]?.text,
            let password = document["password"]?.text.flatMap({ PasswordHash($0) }),
            let role = document["role"]?.text.flatMap({ Role(rawValue: $0) }),
            let created = document["created_at"]?.date
        else { return nil }
        self.init(id: id, name: name, password: password, role: role, createdAt: created)
    }

    var document: BSONDocument {
        [
            "id": .text(id), "name": .text(name), "password": .text(password.description),
            "role": .text(role.rawValue), "created_at": .date(createdAt),
        ]
    }
}

extension Scan {
    init?(_ document: BSONDocument) {
        guard let id = document["scan_id"]?.text.flatMap({ ScanID($0) }), let user = document["user_id"]?.text,
            let uploaded = document["upload_bytes"]?.int, let created = document["created_at"]?.date,
            let status = document["status"]?.text.flatMap({ ScanStatus(rawValue: $0) }),
            let progress = document["progress"]?.int,
            let kind = ScanKind(rawValue: document["kind"]?.text ?? ScanKind.code.rawValue)
        else { return nil }
        self.init(
            id: id, userID: user, kind: kind, fileName: document["file_name"]?.text, uploadBytes: uploaded,
            createdAt: created)
        target = document["target"]?.document.flatMap(CloudTarget.init)
        self.status = status
        self.progress = Int(progress)
        reason = document["reason"]?.text
        totals = document["totals"]?.document.flatMap(ScanTotals.init)
        let known = document["counts"]?.document
        for severity in Severity.allCases { counts[severity] = Int(known?[severity.rawValue]?.int ?? 0) }
        jobs = (document["jobs"]?.document?.fields ?? []).compactMap { ScannerJob($0.name, $0.value.document) }
            .sorted { $0.scanner < $1.scanner }
        startedAt = document["started_at"]?.date
        finishedAt = document["finished_at"]?.date
    }

    /// A new one: what happens to it later is changed field by field.
    var document: BSONDocument {
        var document: BSONDocument = [
            "scan_id": .text(id.description), "user_id": .text(userID), "kind": .text(kind.rawValue),
            "upload_bytes": .int(uploadBytes),
            "created_at": .date(createdAt), "status": .text(status.rawValue), "progress": .int(Int64(progress)),
        ]
        document["file_name"] = fileName.map { .text($0) }
        document["target"] = target.map { .document($0.document) }
        return document
    }
}

extension ScannerJob {
    fileprivate init?(_ scanner: String, _ document: BSONDocument?) {
        guard let document, let status = document["status"]?.text.flatMap({ ScanStatus(rawValue: $0) }) else {
            return nil
        }
        self.init(scanner: scanner)
        self.status = status
        reason = document["reason"]?.text
        startedAt = document["started_at"]?.date?.milliseconds
        finishedAt = document["finished_at"]?.date?.milliseconds
    }
}

extension ScanTotals {
    init?(_ document: BSONDocument) {
        guard let files = document["files"]?.int, let bytes = document["bytes"]?.int,
            let skipped = document["skipped"]?.int
        else { return nil }
        self.init(files: Int(files), bytes: bytes, skipped: Int(skipped))
    }

    var document: BSONDocument {
        ["files": .int(Int64(files)), "bytes": .int(bytes), "skipped": .int(Int64(skipped))]
    }
}

extension Finding {
    init?(_ document: BSONDocument) {
        guard let fingerprint = document["fingerprint"]?.text, let rule = document["rule"]?.text,
            let title = document["title"]?.text,
            let severity = document["severity"]?.int.flatMap({ Severity(rank: Int($0)) }),
            let path = document["path"]?.text, let line = document["line"]?.int, let column = document["column"]?.int,
            let excerpt = document["excerpt"]?.text
        else { return nil }
        self.init(
            fingerprint: fingerprint, rule: rule, title: title, severity: severity, path: path, line: Int(line),
            column: Int(column), excerpt: excerpt)
    }

    var document: BSONDocument {
        [
            "fingerprint": .text(fingerprint), "rule": .text(rule), "title": .text(title),
            "severity": .int(Int64(severity.rank)), "path": .text(path), "line": .int(Int64(line)),
            "column": .int(Int64(column)), "excerpt": .text(excerpt),
        ]
    }
}
