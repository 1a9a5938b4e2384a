namespace LifecycleManager.Decisions.Facts;

/// <summary>An app as policies select it.</summary>
/// <param name="Id">The absolute app id.</param>
/// <param name="Labels">The app's labels; null for none.</param>
public readonly record struct AppRef(string Id, IReadOnlyDictionary<string, string>? Labels);
