/// What becomes of memory that is freed.

import CMachine

/// The allocator's memory between its uses.
public enum FreedMemory {
  /// Keeps up to 256 MiB for the next request instead of giving them back to the system.
  ///
  /// The system hands out pages one by one and clears each: for logits, megabytes at every token, that
  /// takes longer than writing them. For programs, at start; not for a library to decide.
  public static func keep() { machine_keep_freed_memory() }

  /// Gives back what was freed and is kept: after work whose memory nothing that follows needs.
  ///
  /// Cost: a pass over the allocator's lists, about a millisecond.
  public static func giveBack() { machine_release_freed_memory() }
}
