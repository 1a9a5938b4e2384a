namespace LifecycleManager.Decisions.Engine;

/// <summary>What is known of one app at one tick, apart from its metrics.</summary>
/// <param name="App">The absolute app id.</param>
/// <param name="Instances">The instance count asked of the scheduler.</param>
/// <param name="Healthy">How many instances run and are healthy (or run, where the app has no health check).</param>
/// <param name="Staged">How many instances are on their way: staged, starting, or waiting for an offer.</param>
/// <param name="Deploying">Whether a deployment of the app is under way.</param>
/// <param name="Now">The instant of the tick.</param>
public readonly record struct AppFacts(string App, int Instances, int Healthy, int Staged, bool Deploying, DateTimeOffset Now);
