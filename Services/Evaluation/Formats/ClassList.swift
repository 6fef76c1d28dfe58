/// The classes that whoever reads a file declares.
enum ClassList {
  /// Throws if there are too many, or one twice.
  static func check(_ classes: [String]?, _ limits: FormatLimits) throws(FormatError) {
    guard let classes else { return }
    guard classes.count <= limits.maximumClasses else { throw RowLabels.tooManyClasses(limits) }
    var seen = KeyTable()
    for name in classes where !seen.insert(name).isNew {
      throw FormatError(
        FormatProblem(
          .duplicateClass, "class \"\(name)\" is declared twice", expected: "each class once"))
    }
  }
}
