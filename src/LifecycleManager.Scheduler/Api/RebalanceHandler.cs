using System.Globalization;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler.Definitions.Json;
using LifecycleManager.Scheduler.Placement;

namespace LifecycleManager.Scheduler.Api;

/// <summary>
/// <c>/v2/rebalance</c>: GET plans which instances would move and why, POST moves them: those that the body names, or without a
/// body those of a plan of now.
/// </summary>
internal static class RebalanceHandler
{
    private const int MostMoves = 10_000;
    private const int UsualMoves = 100;

    public static async Task AnswerAsync(ApiRequest request)
    {
        switch (request.Method)
        {
            case "GET" or "HEAD":
                await AnswerAsync(request, await PlanAsync(request), null);
                break;
            case "POST" when request.Flag("dryRun"):
                await AnswerAsync(request, await PlanAsync(request), null);
                break;
            case "POST" when request.Context.Request.ContentLength is null or 0:
                var plan = await PlanAsync(request);
                await AnswerAsync(request, plan, await request.Scheduler.MoveAsync([.. plan.Select(move => move.TaskId)],
                    request.Cancellation));
                break;
            case "POST":
                var ids = WireJson.Read(await request.BodyAsync(many: true), ApiJson.Default.TaskIdList).Ids;
                if (ids.Count > MostMoves)
                    throw new ChangeRefusedException([new ChangeProblem("/ids", $"must have at most {MostMoves} elements")]);
                if (ids.FirstOrDefault(id => !request.Snapshot.Instances.ContainsKey(id)) is { } unknown)
                    throw ApiException.NotFound($"there is no task {unknown}");
                await AnswerAsync(request, [], await request.Scheduler.MoveAsync(ids, request.Cancellation));
                break;
            default:
                throw request.NotAllowed("GET, POST");
        }
    }

    private static async Task<IReadOnlyList<Move>> PlanAsync(ApiRequest request)
    {
        var most = UsualMoves;
        if (request.Text("max") is { } max && (!int.TryParse(max, NumberStyles.None, CultureInfo.InvariantCulture, out most)
            || most is < 1 or > MostMoves))
            throw ApiException.BadRequest($"the query parameter 'max' must be a number from 1 to {MostMoves}, not '{max}'");
        try
        {
            return await request.Scheduler.PlanMovesAsync(most, request.Cancellation);
        }
        catch (TimeoutException away)
        {
            throw new ApiException(503, away.Message);
        }
    }

    private static Task AnswerAsync(ApiRequest request, IReadOnlyList<Move> moves, DeploymentReceipt? receipt)
    {
        if (receipt is not null) request.Mark(receipt);
        var answer = new RebalanceAnswer
        {
            DeploymentId = receipt?.DeploymentId,
            Moves = [.. moves.Select(move => new RebalanceMove(move.App, move.TaskId, move.From, move.To, move.Reason))],
        };
        return request.JsonAsync(answer, MarathonJson.Default.RebalanceAnswer);
    }
}
