/// The counts of each label of multilabel samples, and what is counted by sample.
struct MultilabelCounts: Sendable {
  var samples: Int64 = 0
  /// Samples whose labels are all right.
  var exactSamples: Int64 = 0
  var wrongCells: Int64 = 0
  /// One entry per label.
  var labels: [ClassCounts] = []
  /// The mean over the samples of a ratio inside each.
  var sampleMean = 0.0

  var cells: Int64 { samples * Int64(labels.count) }
}

/// A metric of multilabel samples.
struct MultilabelRule: Sendable {
  /// The ratio for `average: samples`, if the row has one.
  let sampleRatio: (@Sendable (MetricParameters) -> Ratio)?
  let finish: @Sendable (MultilabelCounts, MetricParameters) throws(MetricError) -> MetricOutcome
}

/// The counts of multilabel samples while chunks arrive.
struct MultilabelState: Sendable {
  private var tally = MultilabelCounts()
  private var sampleRatios = BlockSum()

  var counts: MultilabelCounts {
    var counts = tally
    counts.sampleMean = sampleRatios.value / Double(max(1, counts.samples))
    return counts
  }

  mutating func merge(_ other: MultilabelState) throws(MetricError) {
    guard other.tally.samples > 0 else { return }
    guard tally.samples > 0 else {
      self = other
      return
    }
    guard tally.labels.count == other.tally.labels.count else {
      throw MultilabelColumns.otherWidth
    }
    tally.samples += other.tally.samples
    tally.exactSamples += other.tally.exactSamples
    tally.wrongCells += other.tally.wrongCells
    for index in tally.labels.indices { tally.labels[index] += other.tally.labels[index] }
    sampleRatios.merge(other.sampleRatios)
  }

  mutating func add(
    _ input: MetricInput, _ range: Range<Int>, at offset: Int, _ rule: MultilabelRule,
    _ parameters: MetricParameters
  ) throws(MetricError) {
    guard case .multilabel(let columns) = input, !range.isEmpty else { return }
    if tally.samples == 0 {
      tally.labels = [ClassCounts](repeating: ClassCounts(), count: columns.width)
    }
    guard tally.labels.count == columns.width else { throw MultilabelColumns.otherWidth }
    let isBySample = parameters.text("average") == "samples"
    let ratio = isBySample ? rule.sampleRatio?(parameters) : nil
    var terms: [Double] = []
    for row in range {
      let sample = count(columns, row)
      guard let ratio else { continue }
      terms.append(ratio.value(sample, zeroDivision: parameters.required("zero_division")))
    }
    sampleRatios.add(terms, at: offset)
  }

  /// Counts one sample; returns the counts inside it.
  private mutating func count(_ columns: MultilabelColumns, _ row: Int) -> ClassCounts {
    var sample = ClassCounts()
    for label in 0..<columns.width {
      let truth = Int64(columns.truth[row * columns.width + label])
      let prediction = Int64(columns.prediction[row * columns.width + label])
      let cell = ClassCounts(
        total: 1, positives: truth, predicted: prediction, hits: truth & prediction)
      tally.labels[label] += cell
      sample += cell
    }
    let wrong = sample.falsePositives + sample.falseNegatives
    tally.samples += 1
    tally.wrongCells += wrong
    tally.exactSamples += wrong == 0 ? 1 : 0
    return sample
  }
}
