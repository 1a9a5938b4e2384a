using LifecycleManager.Decisions.Engine.Islands;
using LifecycleManager.Decisions.Rules;

namespace LifecycleManager.Decisions.Engine;

/// <summary>When time alone changes what is decided of apps, and of which.</summary>
internal static class DueTimes
{
    /// <summary>
    /// When an app is due next: a wait of its rules ripens, a schedule opens or closes, what alone held its count ends, or room
    /// that it made for others was not taken. What is not after its last decision has no instant of its own.
    /// </summary>
    public static Due Of(AppMemory app)
    {
        var due = app.Due.And(Due.Never with { Steady = app.HeldUntil });
        if (app.Island?.Room is { } room) due = due.And(Due.Never with { Steady = room.At + Island.RoomWait });
        return new Due(
            due.Steady > app.Facts.Steady ? due.Steady : DateTimeOffset.MaxValue,
            due.Wall > app.Facts.Now ? due.Wall : DateTimeOffset.MaxValue);
    }

    /// <summary>The earliest of all apps after an instant.</summary>
    public static Due Next(IEnumerable<AppMemory> apps, Due after)
    {
        var next = Due.Never;
        foreach (var app in apps)
        {
            var due = Of(app);
            next = next.And(new Due(
                due.Steady > after.Steady ? due.Steady : DateTimeOffset.MaxValue,
                due.Wall > after.Wall ? due.Wall : DateTimeOffset.MaxValue));
        }

        return next;
    }

    /// <summary>The apps that are due at an instant.</summary>
    public static IEnumerable<string> By(IEnumerable<AppMemory> apps, Due now) =>
        apps.Where(app => Of(app) is var due && (due.Steady <= now.Steady || due.Wall <= now.Wall)).Select(app => app.App.Id);
}
