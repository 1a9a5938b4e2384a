using Microsoft.Extensions.Logging.Abstractions;

namespace LifecycleManager.Storage.Tests.Sqlite;

/// <summary>A disk that fills and is freed at any moment.</summary>
public sealed class FullDiskTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task What_is_acknowledged_is_there_what_is_refused_is_not_and_writing_goes_on_once_there_is_space(int seed)
    {
        using var disk = SmallDisk.Mount(kilobytes: 3 * 1024);
        var random = new Random(seed);
        var (acknowledged, refused) = (new List<string>(), new List<string>());
        var causes = new HashSet<string>();
        await using (var backend = await OpenAsync(disk))
        {
            for (var round = 0; round < 12; round++)
            {
                disk.Fill(pagesLeft: random.Next(6));
                for (var write = 0; write < 8; write++)
                {
                    var key = $"k/{round:D2}/{write}";
                    try
                    {
                        await backend.Store.WriteAsync([new StateWrite(key, new byte[random.Next(20_000)], 0)])
                            .WaitAsync(TimeSpan.FromSeconds(60));
                        acknowledged.Add(key);
                    }
                    catch (StateUnavailableException e)
                    {
                        refused.Add(key);
                        causes.Add(e.Message);
                    }
                    catch (WriteOutcomeUnknownException e)
                    {
                        // Nobody knows, and it is said: nothing is asserted of it.
                        causes.Add(e.Message);
                    }
                }

                disk.Free();
                await backend.Store.WriteAsync([new StateWrite($"free/{round:D2}", new byte[10], 0)]);
                acknowledged.Add($"free/{round:D2}");
            }
        }

        Assert.NotEmpty(refused);
        Assert.All(causes, cause => Assert.Contains("the disk is full", cause, StringComparison.Ordinal));
        await using var again = await OpenAsync(disk);
        var keys = (await again.Store.ListAsync("").Select(entry => entry.Key).ToListAsync()).ToHashSet();
        Assert.All(acknowledged, key => Assert.Contains(key, keys));
        Assert.All(refused, key => Assert.DoesNotContain(key, keys));
    }

    [Fact]
    public async Task A_state_that_has_no_room_at_the_start_says_so()
    {
        using var disk = SmallDisk.Mount(kilobytes: 1024);
        disk.Fill();
        var problem = await Assert.ThrowsAsync<StateUnavailableException>(() => OpenAsync(disk));
        Assert.Contains("full", problem.Message, StringComparison.Ordinal);
    }

    private static Task<StateBackend> OpenAsync(SmallDisk disk) => StateBackend.OpenAsync(
        $"sqlite:{Path.Combine(disk.Path, "state.db")}", null, TimeProvider.System, NullLoggerFactory.Instance,
        CancellationToken.None);
}
