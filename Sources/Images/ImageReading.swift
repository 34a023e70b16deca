import Archives
import Synchronization
import SystemPackage

/// What the scanners of one image share: its documents, and one reading of all its layers, made when it is first needed.
package final class ImageReading: Sendable {
    private let limits: ImageLimits
    private let read = Mutex<(image: ImageArchive, inventory: Inventory)?>(nil)

    package init(limits: ImageLimits = ImageLimits()) { self.limits = limits }

    func image(at path: FilePath, isCancelled: () -> Bool) throws -> (image: ImageArchive, inventory: Inventory) {
        if let known = read.withLock({ $0 }) { return known }
        let found = try withoutActuallyEscaping(isCancelled) { isCancelled in
            let image = try ImageArchive(path, limits: limits, isCancelled: isCancelled)
            return (image, try Inventory(of: image, limits: limits, isCancelled: isCancelled))
        }
        read.withLock { $0 = found }
        return found
    }

    /// Every content of every layer once more; what the layers are was checked by the first reading.
    func eachContent(
        of image: ImageArchive, isCancelled: () -> Bool,
        visit: (_ layer: Int, _ entry: LayerEntry, _ content: EntryReader) throws -> Void
    ) throws {
        try withoutActuallyEscaping(isCancelled) { isCancelled in
            try withoutActuallyEscaping(visit) { visit in
                _ = try LayerWalk(image: image, limits: limits, verifies: false).walk(
                    isCancelled: isCancelled, visit: visit)
            }
        }
    }
}
