/// A place in a text; both count from 1, columns in Unicode scalars.
struct Position: Equatable {
    var line = 1
    var column = 1
}
