/// A token's number in the model's vocabulary, counted from 0.
public typealias TokenID = Int32
