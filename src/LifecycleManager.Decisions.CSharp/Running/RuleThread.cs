using System.Runtime.CompilerServices;
using LifecycleManager.Decisions.CSharp.Compiling;
using LifecycleManager.Primitives.Timing;

namespace LifecycleManager.Decisions.CSharp.Running;

/// <summary>
/// Runs what authors wrote on a thread of its own, for a limited time. A thread that does not come back in time is left to
/// itself, since .NET cannot end it, and another one takes its place; there are only so many.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class RuleThread(TimeProvider time) : IDisposable
{
    /// <summary>How many threads may be left to themselves; more are not begun while these still run.</summary>
    public const int MaxLost = 4;

    /// <summary>1 MiB: a recursion without an end has to be unwound within the limit, too.</summary>
    private const int StackSize = 1 << 20;

    private readonly Lock _lock = new();
    private readonly List<Worker> _lost = [];
    private Worker? _worker;

    /// <summary>Runs some work; one caller after the other.</summary>
    /// <param name="work">What is to be run, with what tells that its time is over.</param>
    /// <param name="limit">How long it may take.</param>
    public RunEnd Run(Action<CancellationToken> work, TimeSpan limit)
    {
        lock (_lock)
        {
            _lost.RemoveAll(worker => worker.HasEnded);
            if (_lost.Count >= MaxLost) return new RunEnd(RunState.Refused, static () => false);
            var worker = _worker ??= new Worker();
            using var end = new TimeLimit(time, limit);
            if (worker.Run(work, end.Token, out var failure)) return new RunEnd(RunState.Done, static () => true, failure);
            worker.Leave();
            _lost.Add(worker);
            _worker = null;
            return new RunEnd(RunState.GivenUp, () => worker.HasEnded);
        }
    }

    /// <inheritdoc />
    public void Dispose() => Interlocked.Exchange(ref _worker, null)?.Leave();

    private sealed class Worker
    {
        private readonly object _gate = new();
        private Job? _job;
        private bool _isLeft;
        private volatile bool _hasEnded;

        public Worker() => new Thread(Loop, StackSize) { Name = "rules", IsBackground = true }.Start();

        public bool HasEnded => _hasEnded;

        /// <summary>Whether the work was done in time.</summary>
        public bool Run(Action<CancellationToken> work, CancellationToken end, out Exception? failure)
        {
            using var job = new Job(work, end);
            lock (_gate)
            {
                _job = job;
                Monitor.Pulse(_gate);
            }

            var isDone = job.Wait();
            failure = isDone ? job.Failure : null;
            return isDone;
        }

        /// <summary>No more work: the thread ends with what it is at.</summary>
        public void Leave()
        {
            lock (_gate)
            {
                _isLeft = true;
                Monitor.Pulse(_gate);
            }
        }

        private void Loop()
        {
            while (RunNext())
            {
                // On to the next one.
            }

            _hasEnded = true;
        }

        /// <summary>In a frame of its own: the thread that waits refers to no rules.</summary>
        [MethodImpl(MethodImplOptions.NoInlining)]
        private bool RunNext()
        {
            lock (_gate)
            {
                while (_job is null && !_isLeft) Monitor.Wait(_gate);
                if (_isLeft) return false;
            }

            Interlocked.Exchange(ref _job, null)!.Run();
            return true;
        }
    }

    private sealed class Job(Action<CancellationToken> work, CancellationToken end) : IDisposable
    {
        private readonly ManualResetEventSlim _done = new();

        public Exception? Failure { get; private set; }

        public void Run()
        {
            RuleCheckpoint.Begin(end);
            try
            {
                work(end);
            }
            catch (Exception e)
            {
                // On a thread of its own it would end the process.
                Failure = e;
            }

            RuleCheckpoint.Begin(CancellationToken.None);
            Done();
        }

        public bool Wait()
        {
            try
            {
                _done.Wait(end);
                return !end.IsCancellationRequested;
            }
            catch (OperationCanceledException)
            {
                return false;
            }
        }

        public void Dispose() => _done.Dispose();

        private void Done()
        {
            try
            {
                _done.Set();
            }
            catch (ObjectDisposedException)
            {
                // It was given up meanwhile.
            }
        }
    }
}

/// <summary>How a run ended.</summary>
/// <param name="State">How.</param>
/// <param name="HasEnded">Whether what was given up has ended since.</param>
/// <param name="Failure">What it threw; null for nothing.</param>
internal readonly record struct RunEnd(RunState State, Func<bool> HasEnded, Exception? Failure = null);

/// <summary>How a run ended.</summary>
internal enum RunState
{
    /// <summary>It came back in time.</summary>
    Done,

    /// <summary>It did not come back in time, and was left to itself.</summary>
    GivenUp,

    /// <summary>It was not begun: too many were left to themselves before and still run.</summary>
    Refused,
}
