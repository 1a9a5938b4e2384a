namespace LifecycleManager.Storage.Tests.Faults;

internal static class Eventually
{
    public static async Task IsTrueAsync(Func<Task<bool>> condition)
    {
        for (var tries = 0; tries < 600; tries++)
        {
            if (await condition()) return;
            await Task.Delay(50);
        }

        Assert.Fail("it never became true");
    }
}
